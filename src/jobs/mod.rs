//! What the server does without being asked: asynchronous requests, rotation, and the states that dates lead to. A job only
//! drives the [`Executor`](crate::executor::Executor): what it changes is committed with its audit entries as requests are.

mod asynchronous;
mod dates;
mod fair_queue;
mod rotation;

pub use asynchronous::work as carry_out_asynchronous;
pub use dates::follow_dates;
pub use rotation::rotate;
