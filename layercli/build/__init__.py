"""Plan -> ``torch.nn.Module``. The only packages that import torch are this one and ``run``."""
