"""Questionnaires, treatments and dates: reading them, checking them, scoring them."""
