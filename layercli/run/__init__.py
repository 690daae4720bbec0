"""``torch.nn.Module`` -> Trace, by forward hooks."""
