#![doc = include_str!("guide/links.md")]
#![doc = ""]
#![doc = include_str!("../docs/README.md")]
//!
//! These are the pages of the folder `docs` in the repository. This module exists only in the
//! documentation.

/// Declares one empty module per page. Where a link label is defined twice, Markdown uses the first
/// definition, so `guide/links.md` turns links between files into links between modules.
macro_rules! pages {
    ($($name:ident: $file:literal,)*) => {$(
        #[doc = include_str!("guide/links.md")]
        #[doc = include_str!("guide/outage.md")]
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $name {}
    )*};
}

pages! {
    benchmarks: "benchmarks.md",
    c: "c.md",
    choosing_settings: "choosing-settings.md",
    costs: "costs.md",
    design: "design.md",
    early_warning: "early-warning.md",
    fleet: "fleet.md",
    how_it_works: "how-it-works.md",
    laws: "laws.md",
    leases: "leases.md",
    lifetime: "lifetime.md",
    listener: "listener.md",
    manual: "manual.md",
    many: "many.md",
    planner: "planner.md",
    what_can_go_wrong: "what-can-go-wrong.md",
}
