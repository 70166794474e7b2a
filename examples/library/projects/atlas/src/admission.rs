//! Decides which objects may enter the flash cache: those whose key was missed before.

use std::collections::{HashSet, VecDeque};

/// A table of the keys that were turned away most recently.
pub struct GhostTable {
    order: VecDeque<u64>,
    known: HashSet<u64>,
    capacity: usize,
}

impl GhostTable {
    pub fn new(capacity: usize) -> Self {
        GhostTable { order: VecDeque::new(), known: HashSet::new(), capacity }
    }

    /// Returns true when the key was seen before, and forgets it then.
    pub fn admit(&mut self, key: u64) -> bool {
        if self.known.remove(&key) {
            return true;
        }
        if self.order.len() == self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        self.order.push_back(key);
        self.known.insert(key);
        false
    }
}
