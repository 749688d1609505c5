"""Learning a score from the company's own history; numpy, pandas and scikit-learn, and nothing of the warehouse."""
