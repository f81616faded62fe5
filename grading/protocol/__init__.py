"""What passes between the processes: frames on a channel, plain data in them, and the side that answers for a student's code."""
