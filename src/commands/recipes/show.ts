// `cookbook recipes show`: one config or sweep that ships, with its head.

import { Args } from '@oclif/core';
import { widthOf } from '../../util/wrapped.ts';
import { BaseCommand } from '../base.ts';

export default class RecipesShow extends BaseCommand {
  static override summary = 'Print a recipe: what it shows, its figures, and the spec itself.';
  static override args = {
    name: Args.string({ required: true, description: 'Its name; "recipes" lists them.' }),
  };
  static override examples = ['<%= config.bin %> recipes show sl_basic'];

  async run(): Promise<object> {
    const { args } = await this.parse(RecipesShow);
    const { showRecipe } = await import('../../shelf/command.ts');
    const { json, text } = await showRecipe(args.name, widthOf(process.stdout));
    this.log(text);
    return json;
  }
}
