//! The world: joins broker, listener, bank and faults, one step at a time. Has never heard of browsers and wall clocks.
