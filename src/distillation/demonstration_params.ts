// Spec fields of the dataset of demonstrations.

import { type Static, Type } from '@sinclair/typebox';
import { conversationFileParams } from '../supervised/dataset_params.ts';

export const demonstrationFileParams = Type.Omit(conversationFileParams, ['train_on_what', 'reduction', 'max_length']);
export type DemonstrationFileParams = Static<typeof demonstrationFileParams>;
