//! Operations by which tests and fuzz targets drive a machine over a simulated path, with the
//! invariants checked after each, and slow references to compare with.

#![allow(missing_docs)] // an operation is described where its name does not say it

pub mod any;
#[cfg(feature = "alloc")]
pub mod fleet;
pub mod group;
pub mod group_ops;
pub mod lease;
pub mod listener;
pub mod model;
pub mod monitor;
pub mod pair;
pub mod reference;
