"""The referee: a second opinion on small networks, in plain numpy, that shares nothing with archcalc.

It has no formula for a size, a count or a receptive field. It runs the network: a size is how many
windows fit, a multiplication counts when it is done, a parameter when it is made, and a receptive
field is found by walking back from an output to the inputs that reach it.

    network   what a network is: layers in a row, and merges of branches
    sliding   convolutions and pools        resizing  adaptive pools, upsampling, pad, crop, subsample
    features  what works on the features    tally     what is counted while a layer runs
    sight     who sees whom, on one axis    execute   runs a network: `run(network) -> Facts`
    emit      the network as archcalc's YAML          strategies   random networks
"""

from .emit import emit
from .execute import Facts, Field, Row, run
from .network import Merge, Network

__all__ = ["Facts", "Field", "Merge", "Network", "Row", "emit", "run"]
