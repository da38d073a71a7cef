// Short stories: plots as templates, each of which tells thousands of different stories.

import type { Phrases } from './scene.ts';

/** A plot, and the slot of whom or what it is about. */
export interface Plot {
  about: string;
  text: string;
}

export const STORY_PHRASES: Phrases = {
  once: [
    'one day',
    'one {weather} (day|morning|afternoon|evening)',
    'one {day}',
    'yesterday',
    'last (week|summer|winter|spring|autumn)',
    'on {day}',
    'early in the morning',
    'after (school|lunch|breakfast|dinner)',
    'on a {weather} (day|morning|afternoon|evening)',
  ],
  meetA: [
    '{A} was a {trait} {A.kid}.',
    '{A} was a {trait} and {trait2} {A.kid}.',
    'There was a {A.kid} named {A}.',
    'Once there was a {trait} {A.kid} named {A}.',
    'Once upon a time, there was a {A.kid} named {A}. {A.He} was very {trait}.',
    'A {trait} {A.kid} named {A} lived in a (small|big|little) (house|village|town).',
    '{A} lived near {outside} with {A.his} {elder}.',
    '{A} lived with {A.his} {elder} in a {size} house.',
  ],
  joy: [
    '{A} was very {happy}.',
    '{A} felt {happy}.',
    '{A} smiled and laughed.',
    '{A} was so {happy} that {A.he} (jumped|danced|sang).',
    '{A.He} had a big smile on {A.his} face.',
    '{A} was {happy} (all day|all evening|for a long time).',
    'It was (a wonderful|a good|the best) day for {A}.',
    'That night {A} went to bed {happy}.',
  ],
  tears: [
    '{A} was very {sad}.',
    '{A} felt {sad}.',
    '{A} began to cry.',
    '{A} was so {sad} that {A.he} (cried|sat down and cried|did not want to eat).',
    '{A} did not know what to do.',
  ],
  thanks: [
    '{A} said thank you to {B}.',
    '"Thank you, {B}," said {A}.',
    '"Thank you so much," {A} said (with a smile|to {B}).',
    '{A} thanked {B} and gave {B.him} a hug.',
    '"You are a good friend," {A} (said to|told) {B}.',
  ],
  friends: [
    'From that day on, {A} and {B} were (good|best) friends.',
    '{A} and {B} became friends.',
    'After that, {A} and {B} played together every day.',
    'They were both very happy.',
    'They laughed and went home together.',
    'Now {A} and {B} are (good|best) friends.',
  ],
  home: [
    'Then {A} went home.',
    'In the evening {A} (went|walked|ran) home.',
    'When it was dark, {A} went home to {A.his} {elder}.',
    'At home, {A} told {A.his} {elder} (all about it|everything).',
  ],
  lesson: [
    '{A} learned to be more careful.',
    '{A} learned that it is good to (share|help|be kind|wait|tell the truth).',
    'After that, {A} was always (careful|kind|honest).',
    '{A} never forgot that day.',
  ],
  hello: [
    '"Hello, my name is {A}," {A} said.',
    '"Hi, I am {A}," said {A}.',
    '"Hello! What is your name?" asked {A}.',
    '{A} said hello.',
  ],
};

export const PLOTS: readonly Plot[] = [
  {
    about: 'toy',
    text: '<meetA> {A} had a {color} {toy}. <once>, {A} lost the {toy} {place.at}. <tears> {A.His} friend {B} (came to help.|asked, "What is wrong?"|asked, "Can I help you?") (They looked everywhere.|They looked under the {furniture} and behind a tree.) At last {B} found the {toy} in a {container}. (<joy>|<thanks>|<thanks> <joy>)',
  },
  {
    about: 'toy',
    text: '<once>, {A} got a new {toy} from {A.his} {elder}. (The {toy} was {color} and {size}.|It was {color}.) {A} took it {place.to}. There {A.he} met {B}. {B} wanted to play with the {toy} too. {A} (shared|was happy to share) the {toy} with {B}. <friends>',
  },
  {
    about: 'toy',
    text: '{A} and {B} both wanted the {color} {toy}. "It is mine," said {A}. "No, it is mine," said {B}. They pulled and pulled, and the {toy} broke. <tears> {A.His} {elder} said, "You (must|should) share your toys." They fixed the {toy} together. <friends>',
  },
  {
    about: 'lost',
    text: '<meetA> <once>, {A} found a {size} {lost} {outside.at}. The {lost} was {afraid} and (hungry|cold|alone|lost). {A} gave it some (food|water|milk). Then {A} took the {lost} home. {A.His} {elder} (smiled and said|said), "You (can|may) keep it." <joy>',
  },
  {
    about: 'pet',
    text: '{A} had a {size} {pet} named {B}. <once>, {B} ran away. {A} looked {place.at} and {place2.at}. {A.He} called, "{B}! {B}! Where are you?" (At last|Then|In the evening) {A.he} heard a sound. The {pet} was (sitting|sleeping|hiding) under a {furniture}. <joy>',
  },
  {
    about: 'pet',
    text: '<meetA> {A} wanted a {pet} very much. {A.He} asked {A.his} {elder} every day. "You must (feed it|take care of it) every day," said {A.his} {elder}. "I will," said {A}. <once>, {A} got a {size} {color} {pet}. {A} named it {B}. <joy>',
  },
  {
    about: 'dish',
    text: '<once>, {A} wanted to make a {dish}. {A.He} asked {A.his} {elder} for help. They (mixed|washed) the {fruit.s} and (cut|added) the {fruit2.s}. (Then they waited.|The kitchen smelled very good.) The {dish} was ready (at noon|in the evening). (It tasted (very good|great|wonderful).|{A} ate {number} pieces.) <joy>',
  },
  {
    about: 'vegetable',
    text: '{A} planted a {vegetable} in the garden. {A.He} gave it water every (day|morning). (The sun was warm.|The rain came and the sun came.) The {vegetable} grew and grew. (Soon|After a month|In {season}) it was very big. {A} and {A.his} {elder} made soup with it. <joy>',
  },
  {
    about: 'flower',
    text: '<meetA> {A} saw a {color} {flower} {outside.at}. {A.He} wanted to pick it. "Please do not pick the {flower}," said {B}. "Everyone can look at it here." {A} (left|did not pick) the {flower}. (The next day there were {number} more {flower.s}.|Every day {A} came to look at it.) <joy>',
  },
  {
    about: 'A',
    text: '<meetA> {A} wanted to go {place.to}, but it was {weather}. <tears> "We can play at home," said {A.his} {elder}. They {play.past} and {play2.past}. (Then they drank {drink}.|Then they ate {food.some}.) "This is a good day," said {A}.',
  },
  {
    about: 'A',
    text: '{A} could not {skill}. {A.His} friend {B} could {skill} very well. "Can you teach me?" asked {A}. "Yes," said {B}, "but you must try every day." {A} tried (again and again|every day). (At first it was hard.|First {A.he} (fell|made many mistakes).) After {number} (days|weeks), {A} could {skill} too. <joy>',
  },
  {
    about: 'A',
    text: '<meetA> {A} wanted to {skill}, but {A.he} was {afraid}. {A.His} {elder} took {A.his} hand and said, "(Do not be afraid|You can do it|I am here)." So {A} tried. It was (not so hard|fun|easy). <joy> (Now {A} can {skill} very well.|)',
  },
  {
    about: 'wild',
    text: '<once>, a {size} {wild} (walked|came) {place.to}. It was looking for (food|water|a friend|a home). There it met a {farm}. The {farm} was {afraid}, but the {wild} said, "I only want (to play|a friend|to rest)." So they (played|sat|ate) together until it was dark. (From that day on they were friends.|They became good friends.)',
  },
  {
    about: 'wild',
    text: 'A {size} {wild} lived {outside.at}. It was always {bad} (and never shared|and never helped). <once>, the {wild} fell into a hole. It called for help. A {trait} {farm} heard it and came with a rope. "Why do you help me?" asked the {wild}. "Because (everyone needs help|it is right|I want to be your friend)," said the {farm}. After that, the {wild} was (kind|friendly|nice) to everyone.',
  },
  {
    about: 'wild',
    text: 'The {wild} and the {farm} wanted to know who was (faster|stronger|braver). "Let us run {outside.to}," said the {wild}. They ran and ran. The {wild} was fast, but it stopped to (eat|sleep|rest). The {farm} did not stop. So the {farm} won. The {wild} said, "(Well done|You are great)!"',
  },
  {
    about: 'elder',
    text: '{A} visited {A.his} {elder} on {day}. {elder.He} was (sick|tired) and stayed in bed. {A} brought {elder.him} (a {color} {flower}|{food.some}|some {drink}). Then {A} read {elder.him} a book. "I feel better now," said {A.his} {elder}. "You are very (kind|good)." <joy>',
  },
  {
    about: 'elder',
    text: 'It was the birthday of {A.his} {elder}, and {A} had no present. <tears> Then {A} had an idea. {A.He} drew a picture of a {color} {flower} and a {size} {animal}. {A.His} {elder} loved it. "It is the best present (of all|in the world)," {elder.he} said. <joy>',
  },
  {
    about: 'treasure',
    text: '<once>, {A} and {B} found an old {container} {place.at}. (It was very heavy.|It was closed.) "What is in it?" asked {B}. {A} opened the {container}. Inside there was a {look} {treasure}. (They showed it to {A.his} {elder}.|They gave it to the museum.|They took it home.) <friends>',
  },
  {
    about: 'treasure',
    text: '<meetA> <once>, {A} found a {look} {treasure} {place.at}. It was not {A.his}. {A} asked everyone, "Is this your {treasure}?" (At last|In the end) a {job} said, "Yes, it is mine! Thank you." The {job} gave {A} {food.some}. (<joy>|<lesson>)',
  },
  {
    about: 'treasure',
    text: '{A} broke the {treasure} of {A.his} {elder}. {A.He} was {afraid} and hid it in a {container}. But {A} could not sleep. In the morning {A.he} said, "I broke your {treasure}. I am sorry." {A.His} {elder} was not angry. "Thank you for telling me the truth," {elder.he} said. <lesson>',
  },
  {
    about: 'job',
    text: '<meetA> {A} wanted to be a {job}. <once>, {A.he} met a {job} {place.at}. "Is it hard to be a {job}?" asked {A}. "Sometimes it is hard, but I like it," said the {job}. {A} (helped|worked with) the {job} all day. In the evening {A} said, "I will be a {job} too."',
  },
  {
    about: 'vehicle',
    text: '{A} and {A.his} {elder} went {place.to} by {vehicle}. (On the way|From the window) they saw a {animal} and {number} {animal2.s}. The {vehicle} was {color} and very (fast|slow). Then the {vehicle} stopped. (It was broken.|Something was wrong.) A {trait} {job} came and fixed it. (They thanked the {job} and went on.|They were late, but they were {happy}.)',
  },
  {
    about: 'clothes',
    text: 'It was a {weather} day, and {A} could not find {A.his} {clothes}. {A.He} looked in the {container} and under the {furniture}. The {clothes} was not there. Then {A} saw {A.his} {pet}. The {pet} was sleeping on the {clothes}! {A} laughed (and laughed|a lot). (<joy>|<home>)',
  },
  {
    about: 'clothes',
    text: '<once>, {B} had no {clothes} and was very cold. {A} saw this. {A.He} had two {clothes.s}, a {color} one and a {color2} one. {A} gave the {color} {clothes} to {B}. "(Now you are warm|You can keep it)," said {A}. <friends>',
  },
  {
    about: 'A',
    text: '{A} was at home. {A.His} {elder} said, "Please {chore}." But {A} wanted to {play}. So {A.he} {play.past} first. Then it was dark, and {A} was too tired to {chore}. (<tears>|"I am sorry," said {A}.) The next day {A} {chore.past} first and {play.past} later. <lesson>',
  },
  {
    about: 'job',
    text: 'The {job} had too much work and was tired. {A} and {B} wanted to help. {A} {chore.past}, and {B} {chore2.past}. Soon the work was done. "(You are great helpers|Thank you both)," said the {job}. The {job} gave them {food.some} and {drink}. They were {happy}.',
  },
  {
    about: 'tool',
    text: '{A} needed a {tool} to {chore}, but {A.he} had none. {A.He} asked {B}, "(May|Can) I use your {tool}?" "Yes, here it is," said {B}. {A} worked all (day|morning). Then {A.he} gave the {tool} back. <thanks> <friends>',
  },
  {
    about: 'music',
    text: '{A} got a {look} {music} for {A.his} birthday. At first the sound was not nice. The {pet} ran away. {A} played the {music} every (day|evening). (In {season}|After {number} weeks) {A.he} played a song for everyone {place.at}. Even the {pet} came to listen. <joy>',
  },
  {
    about: 'tree',
    text: 'There was a big {tree} {outside.at}. {A} and {B} climbed the {tree}. From the top they could see the {place.noun} and the {place2.noun}. But then {A} was {afraid} and could not climb down. {B} (went to get|called) {A.his} {elder}. {elder.He} came with a ladder. (<thanks>|<lesson>)',
  },
  {
    about: 'wild',
    text: 'In {season}, {A} and {A.his} {elder} liked to go {outside.to}. They {play.past} there and ate {food.some}. <once>, they saw a {size} {wild}. It looked at them and ran away. "It was (afraid|looking for food)," said {A.his} {elder}. {A} hoped to see it again. <joy>',
  },
  {
    about: 'A',
    text: '{A} was new {place.at} and had no friends. <tears> Then a {trait} {B.kid} came. <hello> "I am {B}," said {B}. "Do you want to play with me?" They {play.past} until the evening. <friends>',
  },
  {
    about: 'A',
    text: 'It was dark, and {A} was lost {place.at}. {A.He} was {afraid}. Then {A.he} saw a light. It was {A.his} {elder} with a lamp. "I looked for you everywhere," {elder.he} said. {A} hugged {elder.him}. (<home>|Together they walked home.) <lesson>',
  },
  {
    about: 'farm',
    text: 'The {farm} on the farm was (sick|sad|tired). It did not want to eat. {A} brought it some {vegetable.s} and fresh water. {A.He} sat with the {farm} all night. In the morning the {farm} (stood up|was well again) and ate {number} {fruit.s}. <joy>',
  },
  {
    about: 'fruit',
    text: '{A} had {number} {fruit.s}, and {B} had none. {B} was hungry. "Do you want a {fruit}?" asked {A}. "Yes, please," said {B}. {A} gave {B} a {color} one. They sat {place.at} and ate. <thanks> (<friends>|)',
  },
  {
    about: 'fruit',
    text: '<once>, {A} wanted to eat all the {fruit.s}. {A.His} {elder} said, "Do not eat too many." But {A} ate {number}. Soon {A.his} stomach hurt. <tears> "Next time I will listen," said {A}. <lesson>',
  },
  {
    about: 'A',
    text: 'On {day}, {A} got up early. First {A.he} {chore.past}. Then {A.he} went {place.to} with {B}. They {play.past} and {play2.past}. At noon they ate {food.some}. (<home>|) <joy>',
  },
];
