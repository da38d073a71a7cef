// The words of the tiny corpus by category, each with the forms that sentences ask for.

import { plural } from './english.ts';

/** A word or phrase: `text` as it is said most often, and further forms by name. */
export type Entry = Readonly<Record<string, string>> & { readonly text: string };

const words = (list: string): Entry[] => list.split(' ').map((text) => ({ text }));

const nouns = (list: string): Entry[] => list.split(' ').map((text) => ({ text, s: plural(text) }));

const person = (text: string, girl: boolean): Entry =>
  girl
    ? { text, he: 'she', him: 'her', his: 'her', himself: 'herself', kid: 'girl' }
    : { text, he: 'he', him: 'him', his: 'his', himself: 'himself', kid: 'boy' };

const GIRLS = 'Mia Lily Anna Zoe Emma Ruby Nora Ella Lucy Rosa Ivy Jane Kate Molly Sara'.split(' ');
const BOYS = 'Tom Ben Max Sam Leo Jack Finn Adam Paul Hugo Oscar Noah Peter Luke Tim'.split(' ');

/** Places as "the park", with "at the park" and "to the park". */
const place = (list: string, preposition: string): Entry[] =>
  list.split(' ').map((noun) => ({
    text: `the ${noun}`,
    noun,
    at: `${preposition} the ${noun}`,
    to: `to the ${noun}`,
  }));

/** Food by the amount in which people ask for it. */
const food = (list: string, some: string): Entry[] =>
  list.split(' ').map((text) => ({ text, some: `${some} ${text}` }));

/** Verbs as `base past third ing`, with a phrase that may follow all of them. */
const verb = (forms: string, rest = ''): Entry => {
  const [base, past, third, ing] = forms.split(' ');
  const tail = rest === '' ? '' : ` ${rest}`;
  return { text: base + tail, past: past + tail, s: third + tail, ing: ing + tail };
};

export const COLORS = 'red blue green yellow white black brown pink purple gray'.split(' ');
const SIZES = 'big small tiny huge little large tall short long'.split(' ');
export const ANIMALS = (
  'cat dog horse cow pig sheep duck hen goat rabbit mouse fox bear wolf lion tiger frog fish bird owl bee ant turtle ' +
  'monkey elephant deer snake whale squirrel goose donkey'
).split(' ');
export const FRUITS = 'apple banana orange pear plum grape peach lemon cherry melon'.split(' ');
export const VEGETABLES = 'carrot potato onion tomato bean pea pumpkin'.split(' ');

export const LEXICON = {
  person: [...GIRLS.map((name) => person(name, true)), ...BOYS.map((name) => person(name, false))],
  elder: [
    person('mother', true),
    person('father', false),
    person('grandmother', true),
    person('grandfather', false),
    person('aunt', true),
    person('uncle', false),
  ],
  color: words(COLORS.join(' ')),
  size: words(SIZES.slice(0, 6).join(' ')),
  animal: nouns(ANIMALS.join(' ')),
  wild: nouns('fox bear wolf lion tiger owl monkey elephant deer squirrel frog turtle mouse rabbit'),
  farm: nouns('horse cow pig sheep duck hen goat goose donkey'),
  pet: nouns('cat dog rabbit bird turtle kitten puppy pony mouse fish'),
  lost: nouns('kitten puppy bird rabbit duck lamb squirrel'),
  fruit: nouns(FRUITS.join(' ')),
  vegetable: nouns(VEGETABLES.join(' ')),
  food: [
    ...food('soup bread cake rice cheese pie pizza jam honey', 'some'),
    ...food('sandwich apple egg cookie pancake', 'a'),
  ],
  dish: nouns('cake pie pizza pudding'),
  drink: words('milk water tea juice cocoa lemonade'),
  toy: nouns('ball kite doll drum puzzle robot train boat car puppet whistle balloon'),
  tool: nouns('hammer rope bucket ladder shovel broom brush saw'),
  clothes: nouns('hat coat scarf shirt dress sock boot glove sweater'),
  treasure: nouns('coin ring shell stone feather bell book letter picture map key button'),
  container: nouns('box bag basket drawer jar bucket chest'),
  furniture: nouns('table chair bed desk shelf sofa bench'),
  flower: nouns('rose tulip daisy lily sunflower'),
  tree: words('apple oak pear pine cherry plum').map(({ text }) => ({ text: `${text} tree`, s: `${text} trees` })),
  music: nouns('drum guitar piano violin flute'),
  vehicle: nouns('car bus train boat bike truck plane ship'),
  place: [
    ...place('park school market library farm zoo museum station harbor bridge pond lake river shop', 'at'),
    ...place('forest garden kitchen village barn yard castle field cave town', 'in'),
    ...place('beach hill island', 'on'),
  ],
  outside: [
    ...place('park lake river pond', 'at'),
    ...place('forest garden field yard', 'in'),
    ...place('beach hill', 'on'),
  ],
  happy: words('happy glad proud excited cheerful'),
  sad: words('sad worried upset unhappy'),
  afraid: words('afraid scared nervous'),
  trait: words('kind brave clever quiet funny curious gentle careful friendly honest shy busy'),
  bad: words('selfish rude lazy greedy grumpy'),
  look: words('old new beautiful strange shiny soft pretty lovely wonderful'),
  weather: words('sunny rainy windy cloudy snowy cold warm foggy'),
  fine: words('sunny warm bright lovely'),
  day: words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday'),
  season: words('spring summer autumn winter'),
  number: words('two three four five six seven eight nine ten'),
  job: nouns(
    'baker teacher doctor farmer driver painter singer fisher sailor gardener cook nurse builder writer pilot',
  ),
  play: [
    verb('run ran runs running', 'in the grass'),
    verb('climb climbed climbs climbing', 'a tree'),
    verb('fly flew flies flying', 'a kite'),
    verb('play played plays playing', 'with a ball'),
    verb('ride rode rides riding', 'a bike'),
    verb('swim swam swims swimming', 'in the lake'),
    verb('jump jumped jumps jumping', 'over a rope'),
    verb('dance danced dances dancing'),
    verb('sing sang sings singing', 'a song'),
    verb('draw drew draws drawing', 'a picture'),
    verb('read read reads reading', 'a book'),
    verb('build built builds building', 'a tower'),
    verb('paint painted paints painting', 'the fence'),
    verb('bake baked bakes baking', 'bread'),
    verb('look looked looks looking', 'at the stars'),
    verb('feed fed feeds feeding', 'the ducks'),
    verb('pick picked picks picking', 'flowers'),
    verb('write wrote writes writing', 'a letter'),
  ],
  skill: [
    verb('swim swam swims swimming'),
    verb('read read reads reading'),
    verb('cook cooked cooks cooking'),
    verb('draw drew draws drawing'),
    verb('ride rode rides riding', 'a bike'),
    verb('ride rode rides riding', 'a horse'),
    verb('sing sang sings singing'),
    verb('dance danced dances dancing'),
    verb('play played plays playing', 'the piano'),
    verb('play played plays playing', 'the guitar'),
    verb('bake baked bakes baking', 'bread'),
    verb('climb climbed climbs climbing', 'a tree'),
    verb('tie tied ties tying', 'a knot'),
    verb('skate skated skates skating'),
    verb('paint painted paints painting'),
  ],
  chore: [
    verb('sweep swept sweeps sweeping', 'the floor'),
    verb('wash washed washes washing', 'the dishes'),
    verb('water watered waters watering', 'the plants'),
    verb('clean cleaned cleans cleaning', 'the room'),
    verb('feed fed feeds feeding', 'the hens'),
    verb('carry carried carries carrying', 'the wood'),
    verb('pick picked picks picking', 'the apples'),
    verb('fix fixed fixes fixing', 'the gate'),
  ],
} satisfies Record<string, readonly Entry[]>;
