"""What a hostile provider or browser tries, case by case, through the real views over HTTP: see docs/security.md."""
