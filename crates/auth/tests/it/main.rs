//! What several processes on one store do together.

mod renewal;
