//! What can go wrong, as data: a rule with a target, a moment and a verdict. Has never heard of how it is drawn.
