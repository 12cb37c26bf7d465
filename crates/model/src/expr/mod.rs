//! The native expression evaluator. (Being written.)
