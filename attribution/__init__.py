"""What channels are owed when all journeys are looked at together: arithmetic that needs no warehouse."""
