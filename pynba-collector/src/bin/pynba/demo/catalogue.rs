//! What the shop consists of: sites, hosts, scripts, and what these do.

/// A virtual host, with the machines that answer for it.
pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) schema: &'static str,
    pub(super) hosts: &'static [&'static str],
}

pub(super) const SHOP: Site =
    Site { name: "shop.example", schema: "https", hosts: &["web-1", "web-2", SLOW_HOST, "web-4"] };
const API: Site = Site { name: "api.shop.example", schema: "https", hosts: &["api-1", "api-2"] };
const JOBS: Site = Site { name: "jobs.shop.example", schema: "cron", hosts: &["worker-1"] };

/// Its disks are worn.
pub(super) const SLOW_HOST: &str = "web-3";

pub(super) struct Script {
    pub(super) site: &'static Site,
    pub(super) name: &'static str,
    /// How often it is asked for, compared to the others.
    pub(super) weight: f64,
    pub(super) steps: &'static [Step],
    /// Its answer's size in kilobytes, in the middle.
    pub(super) kilobytes: f64,
}

/// A part of a script's work, which a timer measures.
pub(super) struct Step {
    pub(super) tags: &'static [(&'static str, &'static str)],
    /// Milliseconds for each hit, in the middle.
    pub(super) millis: f64,
    /// Hits at least and at most.
    pub(super) hits: (u32, u32),
    /// How often it is needed at all.
    pub(super) chance: f64,
}

const fn step(
    tags: &'static [(&'static str, &'static str)],
    millis: f64,
    hits: (u32, u32),
    chance: f64,
) -> Step {
    Step { tags, millis, hits, chance }
}

pub(super) const SEARCH: &str = "/search";
pub(super) const CHECKOUT: &str = "/checkout";
pub(super) const PRODUCT: &str = "/product";

/// What the bad release asks the database for, once for each hit of the search.
pub(super) const SLOW_QUERY: Step =
    step(&[("group", "db"), ("op", "select"), ("table", "prices")], 9.0, (20, 60), 1.0);

/// What fails when the provider does not answer.
pub(super) const PAYMENT: &[(&str, &str)] =
    &[("group", "http"), ("host", "payments.example"), ("op", "POST")];

const SESSION: Step =
    step(&[("group", "cache"), ("op", "get"), ("key", "session")], 0.4, (1, 1), 0.95);
const CACHED: Step =
    step(&[("group", "cache"), ("op", "get"), ("key", "product")], 0.5, (1, 12), 0.9);
const PRODUCTS: Step =
    step(&[("group", "db"), ("op", "select"), ("table", "products")], 6.0, (1, 4), 0.6);
const STOCK: Step =
    step(&[("group", "db"), ("op", "select"), ("table", "stock")], 3.0, (1, 2), 0.5);

pub(super) const SCRIPTS: &[Script] = &[
    Script {
        site: &SHOP,
        name: "/",
        weight: 22.0,
        steps: &[
            SESSION,
            CACHED,
            step(&[("group", "render"), ("template", "home")], 14.0, (1, 1), 1.0),
        ],
        kilobytes: 38.0,
    },
    Script {
        site: &SHOP,
        name: PRODUCT,
        weight: 30.0,
        steps: &[
            SESSION,
            CACHED,
            PRODUCTS,
            STOCK,
            step(&[("group", "render"), ("template", "product")], 18.0, (1, 1), 1.0),
        ],
        kilobytes: 52.0,
    },
    Script {
        site: &SHOP,
        name: "/category",
        weight: 16.0,
        steps: &[
            SESSION,
            CACHED,
            PRODUCTS,
            step(&[("group", "render"), ("template", "list")], 22.0, (1, 1), 1.0),
        ],
        kilobytes: 64.0,
    },
    Script {
        site: &SHOP,
        name: SEARCH,
        weight: 9.0,
        steps: &[
            SESSION,
            step(&[("group", "search"), ("index", "products")], 28.0, (1, 1), 1.0),
            PRODUCTS,
            step(&[("group", "render"), ("template", "list")], 20.0, (1, 1), 1.0),
        ],
        kilobytes: 58.0,
    },
    Script {
        site: &SHOP,
        name: "/cart",
        weight: 7.0,
        steps: &[
            SESSION,
            STOCK,
            step(&[("group", "db"), ("op", "update"), ("table", "carts")], 5.0, (1, 1), 0.4),
            step(&[("group", "render"), ("template", "cart")], 9.0, (1, 1), 1.0),
        ],
        kilobytes: 21.0,
    },
    Script {
        site: &SHOP,
        name: CHECKOUT,
        weight: 3.0,
        steps: &[
            SESSION,
            STOCK,
            step(PAYMENT, 240.0, (1, 1), 1.0),
            step(&[("group", "db"), ("op", "insert"), ("table", "orders")], 12.0, (1, 1), 1.0),
            step(&[("group", "db"), ("op", "update"), ("table", "stock")], 6.0, (1, 5), 1.0),
            step(&[("group", "mail"), ("op", "send")], 35.0, (1, 1), 0.9),
            step(&[("group", "render"), ("template", "thanks")], 8.0, (1, 1), 1.0),
        ],
        kilobytes: 16.0,
    },
    Script {
        site: &SHOP,
        name: "/login",
        weight: 3.0,
        steps: &[
            SESSION,
            step(&[("group", "db"), ("op", "select"), ("table", "users")], 4.0, (1, 1), 1.0),
            step(&[("group", "crypt"), ("op", "verify")], 85.0, (1, 1), 1.0),
        ],
        kilobytes: 7.0,
    },
    Script {
        site: &API,
        name: "/v1/stock",
        weight: 7.0,
        steps: &[
            STOCK,
            step(&[("group", "cache"), ("op", "set"), ("key", "stock")], 0.6, (1, 1), 0.3),
        ],
        kilobytes: 2.0,
    },
    Script {
        site: &API,
        name: "/v1/orders",
        weight: 2.5,
        steps: &[
            step(&[("group", "db"), ("op", "select"), ("table", "orders")], 11.0, (1, 3), 1.0),
            step(&[("group", "db"), ("op", "select"), ("table", "users")], 3.0, (1, 1), 0.7),
        ],
        kilobytes: 9.0,
    },
    Script {
        site: &JOBS,
        name: "send-mails",
        weight: 0.4,
        steps: &[
            step(&[("group", "db"), ("op", "select"), ("table", "mails")], 15.0, (1, 1), 1.0),
            step(&[("group", "mail"), ("op", "send")], 30.0, (5, 40), 1.0),
        ],
        kilobytes: 0.0,
    },
    Script {
        site: &JOBS,
        name: "resize-images",
        weight: 0.2,
        steps: &[
            step(&[("group", "disk"), ("op", "read")], 8.0, (4, 12), 1.0),
            step(&[("group", "image"), ("op", "resize")], 120.0, (4, 12), 1.0),
            step(&[("group", "disk"), ("op", "write")], 14.0, (4, 12), 1.0),
        ],
        kilobytes: 0.0,
    },
];
