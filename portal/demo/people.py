"""The people of the demo tenant. None of them exists."""

from __future__ import annotations

OWNER = ("Olivia Reyes", "owner@northwind.example.com")
ADMIN = ("Adam Lindqvist", "admin@northwind.example.com")
MEMBER = ("Mia Tanaka", "member@northwind.example.com")
OPERATOR = ("Ola Support", "operator@example.com")
PASSWORD = "northwind in november"  # noqa: S105 - printed at every start, for a demo on this machine

COLLEAGUES = (
    ("Noor Haddad", "noor@northwind.example.com"),
    ("Pavel Novak", "pavel@northwind.example.com"),
    ("Grace Okafor", "grace@northwind.example.com"),
    ("Luca Bianchi", "luca@northwind.example.com"),
    ("Hanna Virtanen", "hanna@northwind.example.com"),
    ("Diego Morales", "diego@northwind.example.com"),
    ("Priya Nair", "priya@northwind.example.com"),
    ("Tom Becker", "tom@northwind.example.com"),
)
INVITED = "zoe@northwind.example.com"
TENANT = "Northwind Labs"
SLUG = "northwind-labs"
