use super::*;

fn filter(text: &str) -> Filter {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn keys_are_read_in_both_notations() {
    let keys: Keys = "~script, host,server_name,+plan,@db.group,~status,schema".parse().unwrap();
    let expected = [
        Key::SCRIPT,
        Key::HOST,
        Key::SERVER,
        Key::request_tag("plan"),
        Key::timer_tag("db.group"),
        Key::STATUS,
        Key::SCHEMA,
    ];
    assert_eq!(keys.0, expected);
    assert_eq!(keys.to_string(), "script,host,server,+plan,@db.group,status,schema");
    assert_eq!(keys.to_string().parse(), Ok(keys));
}

#[test]
fn a_timer_tag_makes_a_report_of_timers() {
    assert!(!Query::new().by("script,+plan".parse().unwrap()).is_of_timers());
    assert!(Query::new().by("script,@group".parse().unwrap()).is_of_timers());
    assert!(Query::of_timers().by_key(Key::SCRIPT).is_of_timers());
    let twice = Query::new().by("script,host,script".parse().unwrap());
    assert_eq!(twice.keys(), [Key::SCRIPT, Key::HOST]);
}

#[test]
fn filters_are_shown_as_they_are_written() {
    for text in [
        "script=/index",
        "host!=web1",
        "+plan=free",
        "@group!=db",
        "script~/api/*",
        "server!~*.test",
        "status>=500",
        "status!=404",
        "time>0.2",
        "cpu<1",
        "size<=1000000",
        "+a.b=c=d",
        "@x~a~b",
    ] {
        assert_eq!(filter(text).to_string(), text);
    }
    assert_eq!(filter(" ~script ~ /api/* ").to_string(), "script~/api/*");
    assert_eq!(filter("~status = 200"), filter("status=200"));
    assert_eq!(Filter::equal(Key::STATUS, "200"), filter("status=200"));
}

#[test]
fn numbers_have_units() {
    for (written, plain) in [
        ("time>200ms", "time>0.2"),
        ("time > 1.5 s", "time>1.5"),
        ("cpu<50us", "cpu<0.00005"),
        ("size>=2MB", "size>=2000000"),
        ("memory>10KB", "memory>10000"),
        ("peak>3B", "peak>3"),
        ("size>2k", "size>2000"),
        ("size>2MiB", "size>2097152"),
        ("time>1.5m", "time>90"),
    ] {
        assert_eq!(filter(written), filter(plain));
    }
}

#[test]
fn what_is_wrong_says_what_to_write() {
    let key = |text: &str| text.parse::<Key>().unwrap_err().to_string();
    assert_eq!(
        key("group"),
        "unknown key `group`; write `script`, `server`, `host`, `schema` or `status`, `+group` for a tag of requests, \
         `@group` for a tag of timers"
    );
    assert_eq!(key(""), "a key is missing; write such as `script,@group`");
    assert_eq!(key("@"), "`@` is no key: write the tag's name behind it, `@name`");
    let wrong = |text: &str| text.parse::<Filter>().unwrap_err().to_string();
    assert_eq!(
        wrong("slow"),
        "`slow` is no filter; write `name=text`, `name~pattern*` or `number>=1`"
    );
    assert_eq!(wrong(""), "`` is no filter; write `name=text`, `name~pattern*` or `number>=1`");
    assert_eq!(
        wrong("time>fast"),
        "`time>fast`: `fast` is no number; write a number or a number with ms, us, µs, s, m, h behind it"
    );
    assert_eq!(wrong("status>many"), "`status>many`: `many` is no number; write a number");
    assert_eq!(
        wrong("status~5*"),
        "`status~5*`: `status` is a number; compare it with `=`, `!=`, `<`, `<=`, `>` or `>=`"
    );
    assert_eq!(
        wrong("script>a"),
        "`script>a`: `script` is text; compare it with `=`, `!=`, `~` or `!~`"
    );
    assert_eq!(wrong("script==/a"), "`script==/a`: write one `=`");
    assert!(wrong("plan=free").contains("`+plan` for a tag of requests"));
    assert!(wrong("time>NaN").contains("no number"));
}

#[test]
fn patterns_take_whole_texts() {
    let fits = |pattern: &str, text: &str| {
        let Test::Text { is, .. } = filter(&format!("script~{pattern}")).test else { panic!() };
        is.fits(text.as_bytes())
    };
    assert!(fits("/api/*", "/api/users/1"));
    assert!(fits("/api/*", "/api/"));
    assert!(!fits("/api/*", "/v1/api/"));
    assert!(fits("*/users/?", "/api/users/1"));
    assert!(!fits("*/users/?", "/api/users/12"));
}

#[test]
fn equality_settles_a_key() {
    for (text, key) in [
        ("script=/a", Key::SCRIPT),
        ("@group=db", Key::timer_tag("group")),
        ("status=404", Key::STATUS),
    ] {
        assert!(filter(text).settles(&key), "{text}");
        assert!(!filter(text).settles(&Key::HOST), "{text}");
    }
    for text in ["script!=/a", "script~/a", "status>=404", "time=1"] {
        assert!(
            !filter(text).settles(&Key::SCRIPT) && !filter(text).settles(&Key::STATUS),
            "{text}"
        );
    }
}
