"""How other tools count: profiles of what each adds up, and how one number becomes another."""
