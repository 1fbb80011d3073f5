"""An OpenID provider for development and tests: loopback only, no passwords, no code shared with the rest."""
