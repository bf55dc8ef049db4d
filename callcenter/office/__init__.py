"""What is done: take a call, offer it to a seat, file a ticket. Speaks to the world through ports."""
