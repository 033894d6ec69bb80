"""SimpleITK's number of threads belongs to the whole process: who leaves first must not set it back for the others."""

import SimpleITK

from lumbomics.prepare.itk import one_thread


def _threads():
    return SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()


def test_the_last_to_leave_sets_the_number_of_threads_back():
    before = _threads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(3)
    try:
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert _threads() == 1
        second.__exit__(None, None, None)
        assert _threads() == 3
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
