// What a model reads to show how large its activations are. Texts of many kinds: features that one of them leaves alone, another moves.

export const CALIBRATION_TEXTS: readonly string[] = [
  `The lighthouse at the end of the breakwater was built in 1871, after two ships had been lost in a single winter. Its keeper climbed one
hundred and twelve steps every evening to trim the lamp, and wrote the weather into a ledger that the harbour office still keeps. On
clear nights the light could be seen from eighteen miles away; in fog, a bell was struck once a minute until morning.`,
  `Question: A baker sells 48 rolls in the morning and half as many in the afternoon. Each roll costs $0.75. How much money does the baker
earn that day?
Answer: In the afternoon he sells 48 / 2 = <<48/2=24>>24 rolls. Altogether that is 48 + 24 = <<48+24=72>>72 rolls. He earns 72 * 0.75 =
$<<72*0.75=54>>54.
#### 54`,
  `<|im_start|>user
Can you explain in two sentences why the sky is blue?<|im_end|>
<|im_start|>assistant
Sunlight is made of all colours, and air scatters the short, blue waves far more than the long, red ones. That scattered light reaches our
eyes from every direction, so the whole sky looks blue!<|im_end|>`,
  `def moving_average(values, width):
    """Mean of each stretch of \`width\` neighbours."""
    if not 0 < width <= len(values):
        raise ValueError(f"width {width} is out of range")
    total = sum(values[:width])
    means = [total / width]
    for i in range(width, len(values)):
        total += values[i] - values[i - width]
        means.append(total / width)
    return means


print(moving_average([3, 1, 4, 1, 5, 9, 2, 6], 3))  # [2.67, 2.0, 3.33, 5.0, 5.33, 5.67]`,
  `{"id": 7041, "name": "Amara Osei", "tags": ["new", "priority"], "address": {"street": "12 Mill Lane", "zip": "04109"}, "balance": -13.5,
"active": true, "notes": null}
SELECT city, COUNT(*) AS n FROM customers WHERE balance < 0 GROUP BY city ORDER BY n DESC LIMIT 10;`,
  `Le train de 8 h 15 part de la gare du Nord; il y a souvent du retard quand il neige. — Wie komme ich am besten zum Bahnhof? Gehen Sie
geradeaus, dann die zweite Straße links. — ¿Cuánto cuesta el billete de ida y vuelta? Doce euros con cincuenta. — 今日は天気がいいですね。`,
  `# Vegetable soup

1. Chop two onions, three carrots and a stick of celery; fry them gently in oil for ten minutes.
2. Add 1.5 litres of stock, a bay leaf, salt and pepper.
3. Simmer for half an hour. *Serve hot*, with bread.

| ingredient | grams | kcal |
| ---------- | ----: | ---: |
| carrot     |   180 |   74 |
| onion      |   220 |   88 |`,
  `Theorem. If n² is even, then n is even. Proof. Suppose that n is odd, so n = 2k + 1 for some integer k. Then n² = 4k² + 4k + 1 =
2(2k² + 2k) + 1, which is odd: a contradiction. ∎ The derivative of f(x) = x³ − 5x is f′(x) = 3x² − 5, and ∫₀¹ x dx = 1/2.`,
  `BREAKING: shares of the company fell 11.3% on Tuesday after it cut its forecast for the third quarter. "We are disappointed, and we know
what to do," its chief executive said in a call with analysts. Reply from @user_91: lol who could have seen THAT coming??? 😂 https://example.com/news?id=3`,
];
