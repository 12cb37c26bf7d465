//! What several processes on one store do together, and webhooks as the packages of their senders sign them.

mod renewal;
mod sessions;
mod webhooks;
