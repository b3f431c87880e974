//! Many flows at once, on all cores.

use rayon::prelude::*;

use super::index::{Decided, Index};
use crate::flow::Flow;

/// Flows that one core takes at a time.
const CHUNK: usize = 1_024;

impl Index<'_> {
    /// What the firewall does with each flow, in their order, computed on all cores.
    #[must_use]
    pub fn decided_all(&self, flows: &[Flow]) -> Vec<Decided> {
        let chunks = flows.par_chunks(CHUNK);
        chunks.flat_map_iter(|flows| flows.iter().map(|flow| self.decided(flow))).collect()
    }
}
