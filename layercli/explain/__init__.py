"""How the output, the parameters and the MACs of a call come about, by the rules that gave them."""
