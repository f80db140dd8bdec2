//! A recording is the truth; keyframes are a cache. Has never heard of a viewer.
