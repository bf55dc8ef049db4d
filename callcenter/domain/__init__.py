"""What a call, a seat, a queue and a ticket ARE: pure, standard library only, no clock of its own."""
