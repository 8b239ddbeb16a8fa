"""The only code that talks to the API server: one client, reflectors that mirror what it holds."""
