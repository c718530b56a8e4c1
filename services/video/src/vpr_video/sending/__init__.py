"""Sending invitations by SMS and e-mail: each an effect, tried by one channel and then by the other."""
