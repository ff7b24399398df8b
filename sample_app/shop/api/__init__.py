"""The shop for programs: Django REST framework and Django Ninja."""
