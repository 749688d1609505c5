"""How fast Funnelhouse is, as ratios measured in one run."""
