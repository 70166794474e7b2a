"""What passes between our processes: files and sockets, standard library only."""
