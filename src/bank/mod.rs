//! The domain: accounts and transfers. Has never heard of partitions and offsets.
