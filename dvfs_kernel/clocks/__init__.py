"""Clock settings: what the data sheet allows, what each gives, needs and draws."""
