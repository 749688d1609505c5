"""A made-up company with a known truth: who its leads are, what they did, and why they bought.

`company.py` holds the truth, `simulate.py` lets eighteen months of it happen, `write.py` stores them as files.
"""
