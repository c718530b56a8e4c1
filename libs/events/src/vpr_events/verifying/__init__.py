"""Does what is stored agree with itself: streams, log and seals, compared without trusting any of them."""
