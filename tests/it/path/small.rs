//! Own small networks.
