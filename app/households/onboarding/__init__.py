"""The doorstep without a network: what phones of the community teams bring in, once and whole, and how it is merged."""
