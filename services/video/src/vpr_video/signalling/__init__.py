"""How participants of a call find each other: messages, what may pass, and who hears them."""
