const W='/work/main/dist/';
const {openBaseWeights}=await import(W+'engine/base_weights.js');const {trainingGraph}=await import(W+'engine/training_graph.js');const ort=(await import('onnxruntime-node')).default;
const base=await openBaseWeights(process.argv[2]);
const g=trainingGraph({base,parameterisation:'lora',backward:true,checkpointing:process.argv[3]==='c'});
const t=performance.now();const s=await ort.InferenceSession.create(g,{intraOpNumThreads:2,interOpNumThreads:1,enableMemPattern:false,graphOptimizationLevel:'basic',logSeverityLevel:+(process.argv[4]??3),extra:{session:{disable_prepacking:'1',model_external_initializers_file_folder_path:base.directory,intra_op:{allow_spinning:'0'}}}});
console.log((performance.now()-t).toFixed(0));
