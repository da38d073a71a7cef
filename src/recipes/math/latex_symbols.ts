// The characters that LaTeX commands without arguments stand for, as pylatexenc's text of them has it.

const GREEK = `
  alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ varkappa ϰ
  lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ
  chi χ psi ψ omega ω digamma ϝ Alpha Α Beta Β Gamma Γ Delta Δ Epsilon Ε Zeta Ζ Eta Η Theta Θ Iota Ι Kappa Κ
  Lambda Λ Mu Μ Nu Ν Xi Ξ Omicron Ο Pi Π Rho Ρ Sigma Σ Tau Τ Upsilon Υ Phi Φ Chi Χ Psi Ψ Omega Ω`;

const LETTERS = `
  aleph ℵ beth ℶ gimel ℷ daleth ℸ ell ℓ hbar ħ hslash ℏ wp ℘ partial ∂ mho ℧ circledS Ⓢ i ı j ȷ o ø O Ø l ł L Ł ss ß
  oe œ OE Œ ae æ AE Æ aa å AA Å`;

const OPERATORS = `
  pm ± mp ∓ times × cdot · div ÷ ast ∗ star ⋆ circ ∘ bullet ∙ bigcirc ◯ cup ∪ cap ∩ uplus ⊎ sqcup ⊔ sqcap ⊓ Cup ⋓
  Cap ⋒ setminus ∖ smallsetminus ∖ wedge ∧ vee ∨ oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙ bigoplus ⊕ bigotimes ⊗
  bigwedge ⋀ bigvee ⋁ bigcap ⋂ bigcup ⋃ amalg ⨿ diamond ♢ wr ≀ boxplus ⊞ boxminus ⊟ boxtimes ⊠ boxdot ⊡ dotplus ∔
  circledcirc ⊚ circledast ⊛ circleddash ⊝ intercal ⊺ veebar ⊻ ltimes ⋉ rtimes ⋊ divideontimes ⋇ curlyvee ⋎
  curlywedge ⋏ triangleleft ◃ triangleright ▹ bigtriangleup △ bigtriangledown ▽ dag † dagger † sum ∑ prod ∏ coprod ∐
  int ∫ iint ∬ iiint ∭ oint ∮ surd √ nabla ∇ complement ∁ lnot ¬`;

const RELATIONS = `
  le ≤ leq ≤ leqslant ⩽ leqq ≦ lneq ⪇ lneqq ≨ nleq ≰ nless ≮ ge ≥ geq ≥ geqslant ⩾ geqq ≧ gneq ⪈ gneqq ≩ ngeq ≱
  ngtr ≯ ll ≪ gg ≫ neq ≠ equiv ≡ sim ∼ simeq ≃ backsim ∽ approx ≈ approxeq ≊ cong ≅ asymp ≍ doteq ≐ triangleq ≜
  propto ∝ prec ≺ succ ≻ preceq ≼ succeq ≽ preccurlyeq ≼ succcurlyeq ≽ precsim ≾ succsim ≿ nprec ⊀ nsucc ⊁ lesssim ≲
  gtrsim ≳ lessapprox ⪅ gtrapprox ⪆ lessgtr ≶ gtrless ≷ lesseqgtr ⋚ gtreqless ⋛ in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃
  subseteq ⊆ supseteq ⊇ nsubseteq ⊈ nsupseteq ⊉ subsetneq ⊊ supsetneq ⊋ subseteqq ⫅ supseteqq ⫆ subsetneqq ⫋
  supsetneqq ⫌ Subset ⋐ Supset ⋑ sqsubset ⊏ sqsupset ⊐ sqsubseteq ⊑ sqsupseteq ⊒ mid | nmid ∤ parallel ∥ nparallel ∦
  perp ⊥ vdash ⊢ dashv ⊣ Vdash ⊩ bowtie ⋈ between ≬ pitchfork ⋔ smile ⌣ frown ⌢ vartriangleleft ⊲ vartriangleright ⊳
  trianglelefteq ⊴ trianglerighteq ⊵ ntriangleleft ⋪ ntriangleright ⋫ ntrianglelefteq ⋬ ntrianglerighteq ⋭`;

const ARROWS = `
  to → rightarrow → leftarrow ← leftrightarrow ↔ uparrow ↑ downarrow ↓ updownarrow ↕ Rightarrow ⇒ Leftarrow ⇐
  Leftrightarrow ⇔ Uparrow ⇑ Downarrow ⇓ Updownarrow ⇕ longrightarrow ⟶ longleftarrow ⟵ longleftrightarrow ⟷
  Longrightarrow ⟹ Longleftarrow ⟸ Longleftrightarrow ⟺ mapsto ↦ longmapsto ⟼ hookrightarrow ↪ hookleftarrow ↩
  nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖ rightharpoonup ⇀ rightharpoondown ⇁ leftharpoonup ↼ leftharpoondown ↽
  rightleftharpoons ⇌ leftrightharpoons ⇋ nrightarrow ↛ nleftarrow ↚ nRightarrow ⇏ nLeftarrow ⇍ rightsquigarrow ⇝
  twoheadrightarrow ↠ twoheadleftarrow ↞ rightarrowtail ↣ leftarrowtail ↢ upharpoonright ↾ upharpoonleft ↿
  downharpoonright ⇂ downharpoonleft ⇃`;

/** Quantifiers, brackets, dots, shapes, and what text calls by name. */
const MARKS = String.raw`
  forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅ infty ∞ top ⊤ therefore ∴ because ∵ angle ∠ measuredangle ∡
  sphericalangle ∢ rightangle ∟ prime ' backprime ‵ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lbrace {
  rbrace } vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ ulcorner ⌜ urcorner ⌝ llcorner ⌞ lrcorner ⌟ ldots … cdots ⋯
  vdots ⋮ ddots ⋱ iddots ⋰ dots … dotsc … dotsb … dotsm … dotsi … dotso … square □ blacksquare ▪ vartriangle ▵
  triangledown ▿ blacktriangle ▴ blacktriangledown ▾ blacktriangleleft ◂ blacktriangleright ▸ lozenge ◊
  blacklozenge ⧫ flat ♭ natural ♮ sharp ♯ backslash \ textbackslash \ textdegree ° textendash – textemdash —
  textdollar $ texteuro € textpm ± texttimes × textdiv ÷ textmu µ textohm Ω textbullet • textellipsis … textquoteleft ‘
  textquoteright ’ textquotedblleft “ textquotedblright ” textonehalf ½ textonequarter ¼ textthreequarters ¾`;

const UPRIGHT =
  'cos sin tan arccos arcsin arctan cosh sinh tanh arccosh arcsinh arctanh ln log exp max min sup inf lim';

const SPACES: [string, string][] = [
  [',', ' '],
  [';', ' '],
  [':', ' '],
  [' ', ' '],
  ['!', ''],
  ['-', '\u00ad'],
  ['quad', '  '],
  ['qquad', '    '],
  ['limsup', 'lim sup'],
  ['liminf', 'lim inf'],
];

/** By the name of the command, without its backslash. */
export const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ...[GREEK, LETTERS, OPERATORS, RELATIONS, ARROWS, MARKS].flatMap(pairs),
  ...UPRIGHT.split(' ').map((name) => [name, name] as const),
  ...['&', '$', '{', '}', '%', '#', '_'].map((name) => [name, name] as const),
  ...SPACES,
]);

/** Commands that the reference does not know, and drops: to it, `\sec x` is x. */
export const MORE_SYMBOLS: ReadonlyMap<string, string> = new Map([
  ...'sec csc cot coth gcd lcm deg det dim ker arg hom mod bmod pmod Re Im'
    .split(' ')
    .map((name) => [name, name] as const),
  ...pairs('ne ≠ neg ¬ land ∧ lor ∨ implies ⟹ iff ⟺'),
]);

function pairs(table: string): [string, string][] {
  const words = table.trim().split(/\s+/);
  return words.flatMap((name, index) => (index % 2 === 0 ? [[name, words[index + 1]]] : []));
}
