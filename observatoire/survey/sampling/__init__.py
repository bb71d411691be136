"""Before the field: the frame, how many units of each stratum, which ones, whom to remind."""
