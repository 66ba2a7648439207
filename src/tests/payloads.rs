//! Hostile text, made from families with a seed: the same number gives the same text.

/// What stands in every text that would do something, so that it can be found where it came out.
pub const MARK: &str = "zq7x";

/// Numbers that look like chance and repeat: splitmix64.
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).expect("a size");
        usize::try_from(self.roll() % limit).expect("it was one")
    }

    /// One time in so many.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Markup that would be live in a page.
const MARKUP: &[&str] = &[
    "<script>zq7x()</script>",
    "</script><script src=//zq7x.example></script>",
    "</title><script>zq7x()</script>",
    "</textarea><img src=zq7x onerror=zq7x()>",
    "</style><style>@import '//zq7x.example'</style>",
    "\"><svg onload=zq7x()>",
    "'><iframe srcdoc='<script>zq7x()</script>'>",
    "\" autofocus onfocus=zq7x() x=\"",
    "' onmouseover='zq7x()",
    "`><object data=zq7x>",
    "<img src=x onerror=zq7x()>",
    "<a href=javascript:zq7x()>x</a>",
    "<form action=//zq7x.example><button>x",
    "<base href=//zq7x.example/>",
    "<meta http-equiv=refresh content=\"0;url=//zq7x.example\">",
    "<link rel=stylesheet href=//zq7x.example>",
    "<math><mtext></table><style><!--</style><img title=\"--><img src=x onerror=zq7x()>\">",
    "<!--zq7x--><!--[if IE]><script>zq7x()</script>",
    "<![CDATA[<zq7x>]]>",
    "<?zq7x ?><zq7x onclick=zq7x()>",
    "<zq7x/onclick=zq7x()//",
    "<template shadowrootmode=open><script>zq7x()</script>",
    "&lt;script&gt;zq7x()&lt;/script&gt;",
    "&#60;script&#62;zq7x()&#60;/script&#62;",
    "javascript:zq7x()//",
    "data:text/html,<script>zq7x()</script>",
    "//zq7x.example/%2f..",
    "\\\\zq7x.example",
    "{{zq7x}}${zq7x}#{zq7x}<%= zq7x %>",
    "\u{ff1c}script\u{ff1e}zq7x()\u{ff1c}/script\u{ff1e}",
];

/// Characters that hide, reorder or move.
const TREACHEROUS: &[char] = &[
    '\u{0}',
    '\u{7}',
    '\u{8}',
    '\t',
    '\n',
    '\u{b}',
    '\u{c}',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{80}',
    '\u{85}',
    '\u{90}',
    '\u{9b}',
    '\u{9d}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{feff}',
    '\u{fff9}',
    '\u{e0041}',
    '\u{e007f}',
];

/// What moves a terminal.
const ESCAPES: &[&str] = &[
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]52;c;enE3eA==\u{7}",
    "\u{1b}]0;zq7x\u{7}",
    "\u{1b}]8;;http://zq7x.example\u{1b}\\x\u{1b}]8;;\u{1b}\\",
    "\u{9b}31m",
    "\u{1b}P$qzq7x\u{1b}\\",
    "done\r0  executed",
    "x\u{8}\u{8}\u{8}y",
    "\u{1b}[8mhidden\u{1b}[0m",
];

/// What a spreadsheet would compute.
const FORMULAS: &[&str] = &[
    "=cmd|'/C zq7x'!A0",
    "=HYPERLINK(\"http\\://zq7x\",\"y\")",
    "+zq7x+1",
    "-2+3+zq7x",
    "@SUM(zq7x)",
    "\t=zq7x",
    "\r=zq7x",
    " =zq7x",
    "\u{ff1d}zq7x",
    "\"=zq7x\"",
    ";=zq7x",
    "%0A=zq7x",
];

/// What ends a line, a cell, a link or a block.
const STRUCTURE: &[&str] = &[
    "a|b|zq7x|",
    "[zq7x](http://zq7x.example)",
    "![zq7x](//zq7x.example/i.png)",
    "```\nzq7x\n```",
    "\n# zq7x\n",
    "a\r\n\r\nHTTP/1.1 200 zq7x",
    "a\",\"zq7x\":\"b",
    "'; DROP TABLE record; --zq7x",
    "%00%0a%0dzq7x",
    "../../../../zq7x",
    "http://zq7x.example www.zq7x.example",
];

/// One text of many. All families come in turn, and each is varied.
pub fn payload(number: usize, seed: u64) -> String {
    let mut dice = Dice::new(seed ^ u64::try_from(number).expect("a number"));
    let mut text = match number % 6 {
        0 => dice.pick(MARKUP).to_string(),
        1 => {
            let mut text = MARK.to_owned();
            for _ in 0..=dice.below(4) {
                let at = dice.below(text.chars().count() + 1);
                let (head, tail): (String, String) =
                    (text.chars().take(at).collect(), text.chars().skip(at).collect());
                text = format!("{head}{}{tail}", dice.pick(TREACHEROUS));
            }
            text
        }
        2 => format!("{}{MARK}", dice.pick(ESCAPES)),
        3 => dice.pick(FORMULAS).to_string(),
        4 => dice.pick(STRUCTURE).to_string(),
        _ => format!("{}{}", dice.pick(MARKUP), dice.pick(TREACHEROUS)),
    };
    text = text.replace(MARK, &format!("{MARK}{number}"));
    if !text.contains(MARK) {
        text.push_str(&format!("{MARK}{number}"));
    }
    match dice.below(12) {
        0 => text = text.to_uppercase(),
        1 => text = format!("{}{text}", dice.pick(TREACHEROUS)),
        2 => text = format!("n1{text}"),
        3 => text = format!("{text}{}", dice.pick(MARKUP)),
        4 => text = text.repeat(1 + dice.below(40)),
        _ => {}
    }
    // A megabyte of it, now and then.
    if number % 97 == 96 {
        text = text.repeat(1 + 1_000_000 / text.len().max(1));
    }
    text
}

/// Every character as a browser sends it in a path or a query.
pub fn encoded(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

#[test]
fn payloads_repeat_and_hold_every_family() {
    let all: Vec<String> = (0..500).map(|number| payload(number, 7)).collect();
    assert_eq!(all, (0..500).map(|number| payload(number, 7)).collect::<Vec<_>>());
    for part in ["<script", "\u{202e}", "\u{1b}]52", "=cmd|", "](http", "onerror="] {
        assert!(all.iter().any(|text| text.contains(part)), "{part:?}");
    }
    assert!(all.iter().filter(|text| text.len() >= 1_000_000).count() >= 4);
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "no two are the same");
}
