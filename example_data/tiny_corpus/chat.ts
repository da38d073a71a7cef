// Small talk: exchanges that have many good answers and no grader.

import type { Random } from './random.ts';
import { Scene } from './scene.ts';

/** What a user says and what is answered; both are templates of one scene. */
const EXCHANGES: readonly (readonly [user: string, assistant: string])[] = [
  [
    '(Hello|Hi|Good morning|Good evening)(!|.)',
    '(Hello|Hi)! (How are you today?|How can I help you?|It is nice to see you.)',
  ],
  ['How are you(| today)?', 'I am (fine|very well|{happy}), thank you. (How are you?|And you?|)'],
  ['Hello, I am {A}.', '(Hello|Hi), {A}! (It is nice to meet you.|How are you today?|How can I help you?)'],
  ['My name is {A}. (What is your name?|Who are you?)', 'Hello, {A}! I am your helper.'],
  ['(Can|Could) you help me?', '(Yes|Of course|Sure)! (What do you need?|What can I do for you?)'],
  [
    'I am {sad}(| today).',
    'I am sorry to hear that. (Do you want to talk about it?|What is wrong?|I hope you feel better soon.)',
  ],
  ['I am {happy}(| today)!', '(That is great|I am happy to hear that)! (What happened?|Why are you {happy}?)'],
  ['I am (tired|sleepy).', 'You should (rest|sleep|go to bed early). (Sleep is good for you.|Good night!|)'],
  ['I am hungry.', 'You could eat {food.some}. (Or do you want {food2.some}?|I like {food2} too.)'],
  ['I am thirsty.', 'You (could|should) drink some {drink}.'],
  ['I am afraid of the {wild}.', 'Do not be afraid. (The {wild} will not hurt you.|I am with you.)'],
  [
    'I lost my {toy}.',
    '(Oh no|I am sorry)! (Did you look under the {furniture}?|Where did you see it last?|Maybe it is in the {container}.)',
  ],
  ['I have a new {pet}.', '(How nice|That is wonderful)! What is its name?'],
  [
    'I want to learn to {skill}.',
    '(Good idea|Great)! You must (try every day|start slowly). (Who can teach you?|A friend can help you.|)',
  ],
  ['It is {weather} today. What can I do?', 'You can {play}. (Or you can {play2}.|I hope you have fun!|)'],
  ['What (can|should) I (do|play) {place.at}?', 'You can {play} {place.at}. (Take a friend with you!|It is fun.|)'],
  ['What (do you like|is your favorite food)?', 'I like {food}. (What do you like?|{food2} is good too.|)'],
  ['What is your favorite color?', 'My favorite color is {color}. (What is yours?|It is a lovely color.)'],
  ['What is your favorite animal?', 'I like the {animal}. (It is so {trait}.|It is {size} and {trait}.)'],
  [
    '(Tell|Can you tell) me something (nice|about yourself).',
    '(I like to help people.|You are a good friend.|Today is a good day.) (I hope you are well.|)',
  ],
  [
    'What should I give {A} for {A.his} birthday?',
    'You could give {A.him} a {color} {toy}. (I think {A.he} will be {happy}.|)',
  ],
  ['What should I wear(| today)? It is {weather}.', 'You should wear a {clothes}. (A {color} one is nice.|)'],
  [
    'What can I cook(| today)?',
    'You can cook a soup with {vegetable.s}. (Do you want some help?|It tastes very good.)',
  ],
  [
    'My friend {A} is angry with me.',
    '(You should|Go and) say sorry to {A.him}. (Then you can be friends again.|{A.He} will forgive you.)',
  ],
  ['My {elder} is sick.', 'I am sorry. You can bring {elder.him} {food.some}. (I hope {elder.he} is well soon.|)'],
  [
    'I broke the {treasure} of my {elder}. What should I do?',
    'You should tell the truth and say sorry. (Then {elder.he} will not be so sad.|)',
  ],
  [
    'How can I make a friend?',
    '(You can say|Say) hello and (smile|ask their name|share your toys). (Be kind to others.|)',
  ],
  ['How do I take care of a {pet}?', 'Give it food and water every day. (Play with it, too.|Be kind to it.)'],
  ['Do you like {fruit.s}?', 'Yes, I like {fruit.s}(, but I like {fruit2.s} more|). (Do you like them?|)'],
  ['Do you have a {pet}?', 'No, I do not have a {pet}. (Do you have one?|But I like them.)'],
  [
    '(Describe|Tell me about) a {animal}.',
    'A {animal} is an animal. (It can be {size} or {size2}.|Many people like it.)',
  ],
  ['I got a {toy} for my birthday!', '(Happy birthday|How wonderful)! (What color is it?|Do you like it?)'],
];

/** How a conversation ends. */
const CLOSINGS: readonly (readonly [user: string, assistant: string])[] = [
  ['(Thank you|Thanks)(!|.| very much.)', 'You are welcome(!|. Have a nice day!)'],
  ['(Goodbye|Bye|See you later)(!|.)', '(Goodbye|Bye)! (See you soon.|Have a nice day!|)'],
  ['Good night(!|.)', 'Good night! (Sleep well.|See you tomorrow.)'],
  ['(That was|That is) (great|good|very nice).', '(I am happy that you like it.|Thank you!)'],
];

/** Openings that only greet. */
const GREETINGS = EXCHANGES.slice(0, 4);

const tell = (random: Random, [user, assistant]: readonly [string, string]): [string, string] => {
  const scene = new Scene(random);
  return [scene.tell(user), scene.tell(assistant)];
};

export const smallTalk = (random: Random): [user: string, assistant: string] => tell(random, random.pick(EXCHANGES));
export const greeting = (random: Random): [user: string, assistant: string] => tell(random, random.pick(GREETINGS));
export const closing = (random: Random): [user: string, assistant: string] => tell(random, random.pick(CLOSINGS));
