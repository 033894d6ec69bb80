"""Narrowness of canal, recesses and foramina, and what it does to the roots."""
