"""What channels are owed when all journeys are looked at together; numpy, pandas, scipy and Arrow, and nothing of the warehouse."""
