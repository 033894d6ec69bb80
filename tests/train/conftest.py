import pytest

pytest.importorskip("torch", reason="training needs the extra `train` (PyTorch); `make test-train` installs it")
