"""Django's own ``request.user``, from the identity: the one app of this package that has a table."""
