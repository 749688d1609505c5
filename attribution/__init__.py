"""What channels are owed when all journeys are looked at together; numpy and scipy, and nothing of the warehouse."""
