// Descriptions of persons, animals, things, places and days in the present tense.

export const DESCRIPTIONS: readonly string[] = [
  '{A} is a {trait} {A.kid}. {A.He} lives {place.at} with {A.his} {elder}. {A} has a {color} {toy} and a {size} {pet}. Every day {A.he} {play.s}. (In the evening {A.he} {skill.s}.|{A} likes {food} (and|but not) {food2}.) {A.His} best friend is {B}.',
  'This is {A}. {A.He} is a {job}. Every (day|morning) {A.he} goes {place.to} by {vehicle}. {A.He} has a {color} {clothes} and carries a {container}. (After work {A.he} {play.s}.|At home {A.he} likes to {skill}.) {A} is always {trait}.',
  'The {animal} is {size}. It lives {outside.at}. It is {color} and has (a long|a short) tail. In {season} it likes to (sleep|eat|run|play). The {animal} eats {fruit.s} and {vegetable.s}. It is a {trait} animal.',
  'There is a {size} house {place.at}. The door is {color}, and the windows are {color2}. In the house there is a {furniture} and a {furniture2}. On the {furniture} there is a {treasure}. {A} lives there with {A.his} {pet}. (They are very happy.|It is a nice place to live.)',
  'It is {season}. It is {weather} today. {A} wears a {color} {clothes}. {B} wears a {color2} {clothes2}. They are {play.ing}. (Later they want to {play2}.|Soon they will go home.) They are happy.',
  'On the {furniture} there are {number} {fruit.s} and {number2} {toy.s}. The {fruit.s} are {color}, and the {toy.s} are {color2}. Under the {furniture} there is a {container}. A {pet} is sleeping in the {container}. (It is a {trait} {pet}.|The {pet} is {size}.)',
  '{A} and {B} are friends. {A} is {trait}, and {B} is {trait2}. {A} likes to {play}, but {B} likes to {skill}. On {day} they go {place.to} together. There they eat {food.some} and drink {drink}. They are happy when they are together.',
  'The {place.noun} is a {look} place. There are many {tree.s} and {flower.s}. {number} {animal.s} live there. People come {place.to} by {vehicle}. In {season} it is {weather} there. {A} likes to {play} {place.at}.',
  'My {elder} is a {job}. {elder.He} is {trait} and {trait2}. {elder.He} has a {color} {vehicle}. In the evening {elder.he} makes {food.some} for us. On {day} {elder.he} {chore.s}. I love my {elder}.',
  'My name is {A}. I am {number} years old. I have a {pet} and {number2} {toy.s}. I like to {play} and to {skill}. My favorite color is {color}. My favorite food is {food}.',
  'Today is {day}. The weather is {weather}. {A} is {place.at}, and {B} is {place2.at}. {A} is {chore.ing}. {B} is {play.ing}. In the evening they will meet {place3.at}.',
  '{A} has a {pet} named {B}. The {pet} is {size} and {color}. It sleeps on a {furniture} and eats from a {color2} bowl. When it is {weather}, the {pet} stays at home. When it is {fine}, it runs {place.to}. {A} takes good care of it.',
  'The {job} lives in a {color} house. {place.at}, everyone knows the {job}. Every {day} the {job} {chore.s}. The {job} has {number} {farm.s} and a {size} {pet}. Children like the {job}, because the {job} is {trait}.',
  '{A} has {number} {toy.s}. One {toy} is {color}, and the others are {color2}. {A} keeps them in a {size} {container} under the {furniture}. {A.He} plays with them every {day}. Sometimes {A.he} gives one to {B}. Then {B} is {happy}.',
  'In {season} the days are {weather}. The {tree.s} are {look}. The {animal.s} look for food. Children {play}. {A} drinks {drink} and looks out of the window. {A.He} likes {season} very much.',
  'The {vehicle} is {color} and {size}. It goes {place.to} every {day}. {number} people sit in it. The driver is {trait}. {A} sits next to the window and sees {number2} {animal.s}. {A.He} is {happy}.',
  '{A} is (sad|sick) today. {A.He} stays in bed. {A.His} {elder} brings {A.him} {food.some} and {drink}. {B} comes and reads a book to {A.him}. (Soon|In the evening) {A} feels better. {A.He} says thank you.',
  'A {size} {music} stands {place.at}. It is {look} and {color}. {A} can play it very well. When {A.he} plays, {B} dances and the {pet} listens. Everyone is happy then.',
];
