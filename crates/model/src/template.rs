//! Parameters with expressions in them, compiled once. (Being written.)
