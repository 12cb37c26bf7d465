//! The HTTP kit through its router, as clients see it.

mod http;
